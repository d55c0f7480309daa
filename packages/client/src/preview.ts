/**
 * Shows a file before it is uploaded, if this browser can decode it: Chromium cannot decode HEIC.
 *
 * @param show called with an object URL
 * @returns revokes the URL
 */
export function openPreview(file: Blob, show: (url: string) => void): () => void {
  // Not in Node.js.
  if (typeof Image !== 'function') return () => {};
  const url = URL.createObjectURL(file);
  let isOpen = true;
  const close = () => {
    isOpen = false;
    URL.revokeObjectURL(url);
  };
  const image = new Image();
  image.src = url;
  image.decode().then(() => {
    if (isOpen) show(url);
  }, close);
  return close;
}
