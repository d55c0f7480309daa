/** A parsed HTTP request. */
export interface HttpRequest {
  method: string;
  /** The path, still percent-encoded, without the query string. */
  path: string;
  search: URLSearchParams;
  body: string;
}
