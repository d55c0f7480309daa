/** Asking as the world does: without any credentials. */

export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** The whole answer; a body that nobody reads would keep its connection open. */
export async function get(url: string | URL, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

export async function statusOf(url: string | URL): Promise<number> {
  return (await get(url)).status;
}
