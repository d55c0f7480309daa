/** Networks of the proxies that `serve` recognizes in `X-Forwarded-For`, in CIDR notation. */

/**
 * Networks from which Google's own services send requests, Firebase Hosting among them: the large ones of
 * https://www.gstatic.com/ipranges/goog.json, without those of customers of Google Cloud
 * (https://www.gstatic.com/ipranges/cloud.json) and without the crawlers (66.249.64.0/20). Google does not
 * publish which of them Hosting uses; others have seen 66.102.8.0/24.
 */
export const GOOGLE_NETWORKS: readonly string[] = [
  '64.233.160.0/19',
  '66.102.0.0/20',
  '66.249.80.0/20',
  '72.14.192.0/18',
  '74.125.0.0/16',
  '108.177.0.0/17',
  '142.250.0.0/15',
  '172.217.0.0/16',
  '172.253.0.0/16',
  '173.194.0.0/16',
  '192.178.0.0/15',
  '209.85.128.0/17',
  '216.58.192.0/19',
  '216.239.32.0/19',
  '2001:4860::/32',
  '2404:6800::/32',
  '2607:f8b0::/32',
  '2800:3f0::/32',
  '2a00:1450::/32',
  '2c0f:fb50::/32',
];

/** See https://www.cloudflare.com/ips/ */
export const CLOUDFLARE_NETWORKS: readonly string[] = [
  '173.245.48.0/20',
  '103.21.244.0/22',
  '103.22.200.0/22',
  '103.31.4.0/22',
  '141.101.64.0/18',
  '108.162.192.0/18',
  '190.93.240.0/20',
  '188.114.96.0/20',
  '197.234.240.0/22',
  '198.41.128.0/17',
  '162.158.0.0/15',
  '104.16.0.0/13',
  '104.24.0.0/14',
  '172.64.0.0/13',
  '131.0.72.0/22',
  '2400:cb00::/32',
  '2606:4700::/32',
  '2803:f800::/32',
  '2405:b500::/32',
  '2405:8100::/32',
  '2a06:98c0::/29',
  '2c0f:f248::/32',
];
