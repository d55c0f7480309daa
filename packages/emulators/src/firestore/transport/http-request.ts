/** A parsed HTTP request. */
export interface HttpRequest {
  method: string;
  /** The path, still percent-encoded, without the query string. */
  path: string;
  search: URLSearchParams;
  body: string;
  /** The web page that sends it; absent for programs. */
  origin?: string;
}
