/**
 * How the crawlers of link previews request an image. `source` is where the header comes from; what a platform does
 * not document is covered by ACCEPTS and RANGES, which the tests send for each crawler.
 */

export interface Crawler {
  name: string;
  headers: Record<string, string>;
  source: string;
}

const META = 'https://developers.facebook.com/docs/sharing/webmasters/crawler';
const SLACK = 'https://api.slack.com/robots';

export const CRAWLERS: readonly Crawler[] = [
  {
    name: 'facebookexternalhit',
    headers: {
      'user-agent': 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
      accept: '*/*',
      'accept-encoding': 'deflate, gzip',
      range: 'bytes=0-524288',
    },
    source: META,
  },
  {
    name: 'WhatsApp',
    headers: { 'user-agent': 'WhatsApp/2.23.20.0' },
    source: 'https://github.com/wireapp/wire-ios-link-preview/issues/59',
  },
  {
    name: 'Twitterbot',
    headers: { 'user-agent': 'Twitterbot/1.0' },
    source: 'https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started',
  },
  {
    name: 'LinkedInBot',
    headers: {
      'user-agent':
        'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
    },
    source: 'https://github.com/monperrus/crawler-user-agents',
  },
  {
    name: 'Slackbot-LinkExpanding',
    headers: {
      'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      range: 'bytes=0-32767',
    },
    source: SLACK,
  },
  {
    name: 'Slack-ImgProxy',
    headers: { 'user-agent': 'Slack-ImgProxy (+https://api.slack.com/robots)' },
    source: SLACK,
  },
  {
    name: 'Discordbot',
    headers: {
      'user-agent': 'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
    },
    source: 'https://github.com/monperrus/crawler-user-agents',
  },
  {
    name: 'TelegramBot',
    headers: { 'user-agent': 'TelegramBot (like TwitterBot)' },
    source: 'https://github.com/wireapp/wire-ios-link-preview/issues/59',
  },
  {
    name: 'Googlebot-Image',
    headers: {
      'user-agent': 'Googlebot-Image/1.0',
      accept: '*/*',
      from: 'googlebot(at)googlebot.com',
      'accept-encoding': 'gzip,deflate',
    },
    source:
      'https://developers.google.com/search/blog/2008/03/first-date-with-googlebot-headers-and',
  },
  {
    name: 'Applebot',
    headers: {
      'user-agent':
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
        'Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)',
    },
    source: 'https://support.apple.com/en-us/119829',
  },
  {
    name: 'Messages of Apple',
    headers: {
      'user-agent':
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) ' +
        'Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0',
    },
    source: 'https://github.com/wireapp/wire-ios-link-preview/issues/59',
  },
];

/** `Accept` of HTTP libraries, of browsers for images, and of browsers for pages. */
export const ACCEPTS: readonly (string | undefined)[] = [
  undefined,
  '*/*',
  'image/*',
  'image/*,*/*;q=0.8',
  'image/jpeg,image/png,image/gif',
  'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
  'image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'text/html',
];

/** `Range` of the crawlers that limit what they load. */
export const RANGES: readonly string[] = [
  'bytes=0-',
  'bytes=0-0',
  'bytes=0-32767',
  'bytes=0-262143',
  'bytes=0-524287',
  'bytes=0-524288',
  'bytes=0-1048575',
];
