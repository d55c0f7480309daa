/** Requests without credentials: what strangers get. */

/** The answer to a request. */
export interface Answer {
  /** HTTP status; 0: the request itself failed, for example because of CORS. */
  status: number;
  contentType?: string;
  /** Length of the body. */
  bytes?: number;
}

/** What browsers send for an `<img>`. */
const ACCEPT = 'image/avif,image/webp,image/*,*/*;q=0.8';

/** Requests a URL without credentials and without a cache; the body is not read. */
export async function askStatus(url: string): Promise<Answer> {
  try {
    const { status, body } = await fetch(url, { credentials: 'omit', cache: 'no-store' });
    void body?.cancel();
    return { status };
  } catch {
    return { status: 0 };
  }
}

/** Requests an image as a visitor's browser does: without credentials, through the browser's cache. */
export async function askImage(url: string): Promise<Answer & { body?: Blob }> {
  try {
    const response = await fetch(url, { credentials: 'omit', headers: { accept: ACCEPT } });
    const body = await response.blob();
    const contentType = response.headers.get('content-type') ?? '';
    return { status: response.status, contentType, bytes: body.size, body };
  } catch {
    return { status: 0 };
  }
}
