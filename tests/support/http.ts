/** HTTP requests without credentials. */

export interface HttpResponse {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** Sends a GET request, or what `init` says, and reads the whole body so that the connection is freed. */
export async function get(url: string | URL, init?: RequestInit): Promise<HttpResponse> {
  const response = await fetch(url, init);
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

export async function statusOf(url: string | URL): Promise<number> {
  return (await get(url)).status;
}
