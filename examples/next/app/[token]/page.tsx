import { notFound } from 'next/navigation';
import { Photo } from '../photo';

interface Manifest {
  variants: { width: number; height: number; cropped: boolean }[];
}

/** Rendered on the server for each request, so that a revoked token gives no page either. */
export default async function PhotoPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  if (!/^spv_\w+$/.test(token)) notFound();
  const response = await fetch(`${process.env.NEXT_PUBLIC_BASE_URL}/${token}`, {
    cache: 'no-store',
  });
  if (response.status === 404) notFound();
  const { variants } = (await response.json()) as Manifest;
  const widest = variants
    .filter(({ cropped }) => !cropped)
    .reduce((a, b) => (a.width > b.width ? a : b));
  return <Photo token={token} width={widest.width} height={widest.height} preload />;
}
