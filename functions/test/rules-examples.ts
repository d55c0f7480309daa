/** Rules as projects have them: from Firebase's documentation and console, and with usual mistakes. */

export interface RulesExample {
  readonly name: string;
  readonly source: string;
  /**
   * `LINE:COLUMN who and what`; notes start with `?`. Line 1 is that of the service's first block.
   */
  readonly findings: readonly string[];
}

function storage(blocks: string, version = '2'): string {
  return `rules_version = '${version}'; service firebase.storage { match /b/{bucket}/o {\n${blocks}\n}}\n`;
}

function firestore(blocks: string, version = '2'): string {
  return `rules_version = '${version}'; service cloud.firestore { match /databases/{database}/documents {\n${blocks}\n}}\n`;
}

const example = (name: string, source: string, ...findings: string[]): RulesExample => ({
  name,
  source,
  findings,
});

export const RULES_EXAMPLES: readonly RulesExample[] = [
  // Templates of the Firebase console and CLI.
  example(
    'Storage: locked mode',
    storage('match /{allPaths=**} {\n  allow read, write: if false;\n}'),
  ),
  example(
    'Storage: test mode',
    storage(
      'match /{allPaths=**} {\n  allow read, write: if request.time < timestamp.date(2026, 7, 1);\n}',
    ),
    '3:3 anyone get, list and write originals and renditions',
  ),
  example(
    'Storage: test mode, expired',
    storage(
      'match /{allPaths=**} {\n  allow read, write: if request.time < timestamp.date(2025, 7, 1);\n}',
    ),
  ),
  example(
    'Storage: signed-in users',
    storage('match /{allPaths=**} {\n  allow read, write: if request.auth != null;\n}'),
    '3:3 every signed-in user, even with an anonymous account, get, list and write originals and renditions',
  ),
  example(
    'Storage: public',
    storage('match /{allPaths=**} {\n  allow read, write;\n}'),
    '3:3 anyone get, list and write originals and renditions',
  ),
  example(
    'Storage: version 1, which allows no list',
    storage('match /{allPaths=**} {\n  allow read: if true;\n}', '1'),
    '3:3 anyone get originals and renditions',
  ),
  example(
    'Firestore: locked mode',
    firestore('match /{document=**} {\n  allow read, write: if false;\n}'),
  ),
  example(
    'Firestore: test mode',
    firestore(
      'match /{document=**} {\n  allow read, write: if request.time < timestamp.date(2026, 7, 1);\n}',
    ),
    '3:3 anyone get, list and write image records, share records and token records',
  ),
  example(
    'Firestore: test mode, expired',
    firestore(
      'match /{document=**} {\n  allow read, write: if request.time < timestamp.date(2025, 7, 1);\n}',
    ),
  ),
  example(
    'Firestore: signed-in users, version 1',
    firestore('match /{document=**} {\n  allow read, write: if request.auth != null;\n}', '1'),
    '3:3 every signed-in user, even with an anonymous account, get, list and write image records, share records and token records',
  ),
  example(
    'Firestore: everyone reads, signed-in users write',
    firestore(
      'match /{document=**} {\n  allow read;\n  allow write: if request.auth.uid != null;\n}',
    ),
    '3:3 anyone get and list image records, share records and token records',
    '4:3 every signed-in user, even with an anonymous account, write image records, share records and token records',
  ),
  // Examples of the documentation.
  example(
    'Firestore: owners write everything below their document',
    firestore(
      'match /users/{userId}/{document=**} {\n  allow read, write: if request.auth != null && request.auth.uid == userId;\n}',
    ),
    '3:3 owners write their own image records and share records',
  ),
  example(
    'Firestore: owners write their own document',
    firestore('match /users/{userId} {\n  allow read, write: if request.auth.uid == userId;\n}'),
  ),
  example(
    'Firestore: a document and what is below it, version 2',
    firestore('match /cities/{city}/{document=**} {\n  allow read, write: if true;\n}'),
  ),
  example(
    'Firestore: a collection group',
    firestore('match /{path=**}/posts/{post} {\n  allow read: if request.auth.uid != null;\n}'),
  ),
  example(
    'Firestore: a collection group that is named as the image records are',
    firestore('match /{path=**}/images/{image} {\n  allow read: if request.auth.uid != null;\n}'),
    '3:3 every signed-in user, even with an anonymous account, get and list image records',
  ),
  example(
    'Firestore: a collection group that is named as the share records are',
    firestore(
      'match /{path=**}/imageShares/{share} {\n  allow read: if request.auth.uid != null;\n}',
    ),
    '3:3 every signed-in user, even with an anonymous account, get and list share records',
  ),
  example(
    'Firestore: fields decide who writes',
    firestore(
      `match /{document=**} {
  allow create: if request.auth.uid == request.resource.data.author_uid;
  allow update, delete: if request.auth.uid == resource.data.author_uid;
  allow read: if resource.data.visibility == 'public';
}`,
    ),
    '3:3 every signed-in user, even with an anonymous account, create image records, share records and token records',
  ),
  example(
    'Firestore: roles in documents',
    firestore(
      `match /{document=**} {
  allow read: if get(/databases/$(database)/documents/users/$(request.auth.uid)).data.admin == true;
}`,
    ),
    '?3:3 some users get and list image records, share records and token records',
  ),
  example(
    'Firestore: a custom claim',
    firestore(
      'match /{document=**} {\n  allow read, write: if request.auth.token.admin == true;\n}',
    ),
    '?3:3 some users get, list and write image records, share records and token records',
  ),
  example(
    'Storage: a folder for each user',
    storage(
      `match /{userId}/{fileName} {
  allow read, write: if request.auth != null && request.auth.uid == userId;
}`,
    ),
  ),
  example(
    'Storage: uploads of images, everywhere',
    storage(
      `match /{imageId=**} {
  allow write: if request.resource.size < 5 * 1024 * 1024
               && request.resource.contentType.matches('image/.*')
               && request.resource.contentType == resource.contentType;
}`,
    ),
    '3:3 anyone create and update originals and renditions',
  ),
  example(
    'Storage: metadata says who owns a file',
    storage(
      `match /files/{fileName} {
  allow read: if request.auth.uid == resource.metadata.owner;
}
match /originals/{user}/{fileName} {
  allow read: if request.auth.token.groupId == resource.metadata.owner;
}`,
    ),
    '?6:3 some users get originals',
  ),
  // Usual mistakes.
  example(
    'Storage: originals are public',
    storage('match /originals/{uid}/{name} {\n  allow get: if true;\n}'),
    '3:3 anyone get originals',
  ),
  example(
    'Storage: any user instead of the owner, below a shared prefix',
    storage(
      `match /originals/{uid} {
  match /{name} {
    function signedIn() { return request.auth != null; }
    allow read: if signedIn();
  }
}`,
    ),
    '5:5 every signed-in user, even with an anonymous account, get and list originals',
  ),
  example(
    'Storage: one name of an original is public',
    storage('match /originals/{uid}/avatar {\n  allow read: if true;\n}'),
    '3:3 anyone get originals',
  ),
  example(
    'Storage: names decide',
    storage(`match /originals/{uid}/{name} {\n  allow get: if name.matches('public-.*');\n}`),
    '?3:3 some users get originals',
  ),
  example(
    'Storage: renditions are public',
    storage('match /variants/{file=**} {\n  allow read;\n}'),
    '3:3 anyone get and list renditions',
  ),
  example(
    'Storage: owners without limits',
    storage(
      'match /originals/{uid}/{file=**} {\n  allow read, write: if request.auth.uid == uid;\n}',
    ),
    '?3:3 owners list and update their own originals',
    '?3:3 this rule (get, list, create, update, delete) lets owners upload originals of any size',
  ),
  example(
    'Storage: verified users',
    storage('match /{folder}/{file=**} {\n  allow read: if request.auth.token.email_verified;\n}'),
    '3:3 every user with a verified email address get and list originals and renditions',
  ),
  example(
    'Storage: a company by its email addresses',
    storage(
      `match /{file=**} {
  allow read: if request.auth.token.email_verified && request.auth.token.email.matches('.*@example[.]org');
}`,
    ),
    '?3:3 some users get and list originals and renditions',
  ),
  example(
    'Storage: users who are not anonymous',
    storage(
      `match /{file=**} {\n  allow get: if request.auth.token.firebase.sign_in_provider != 'anonymous';\n}`,
    ),
    '3:3 every user with an email address, verified or not, get originals and renditions',
  ),
  example(
    'Storage: users with a phone number',
    storage('match /{file=**} {\n  allow get: if request.auth.token.phone_number != null;\n}'),
    '3:3 every user with a phone number get originals and renditions',
  ),
  example(
    'Storage: one user',
    storage(`match /{file=**} {\n  allow read: if request.auth.uid in ['8f2Kq', 'x91Lm'];\n}`),
    '?3:3 some users get and list originals and renditions',
  ),
  example(
    'Storage: all folders but those of the product',
    storage(
      `match /{folder}/{file=**} {\n  allow read, write: if folder != 'originals' && folder != 'variants';\n}`,
    ),
  ),
  example(
    'Storage: new files only',
    storage('match /{file=**} {\n  allow create: if resource == null && request.auth != null;\n}'),
    '3:3 every signed-in user, even with an anonymous account, create originals and renditions',
  ),
  example(
    'Storage: overlapping blocks',
    storage(
      `match /{file=**} {
  allow read: if request.auth == null;
}
match /originals/{file=**} {
  allow read: if false;
  allow get: if request.auth.uid == 'nobody' || true;
}`,
    ),
    '3:3 anyone get and list originals and renditions',
    '7:3 anyone get originals',
  ),
  example(
    'Storage: a function with parameters and a variable',
    storage(
      `function isMember(auth, group) {
  let groups = auth.token.get('groups', []);
  return auth != null && group in groups;
}
match /{folder}/{file=**} {
  allow read: if isMember(request.auth, folder);
}`,
    ),
    '?7:3 some users get and list originals and renditions',
  ),
  example(
    'Storage: another bucket only',
    `rules_version = '2'; service firebase.storage {
match /b/other-bucket/o/{file=**} { allow read; }
}`,
    '2:37 anyone get and list originals and renditions',
  ),
  example(
    'Firestore: nested wildcards',
    firestore(
      `match /{collection}/{id} {
  allow read: if collection in ['imageTokens', 'posts'];
  match /{path=**} {
    allow write: if request.auth.uid == id;
  }
}`,
    ),
    '3:3 anyone get and list token records',
    '5:5 every signed-in user, even with an anonymous account, create token records and owners write their own image records and share records',
    '?5:5 some users update and delete token records',
  ),
  example(
    'Firestore: only short lists',
    firestore('match /imageTokens/{id} {\n  allow list: if request.query.limit <= 10;\n}'),
    '3:3 anyone list token records',
  ),
  example(
    'Firestore: token records of their owner',
    firestore(
      'match /imageTokens/{id} {\n  allow get: if resource.data.uid == request.auth.uid;\n}',
    ),
    '3:3 owners get their own token records',
  ),
  example(
    'Firestore: share records that their owner changes, and that anyone gets by their id',
    firestore(
      `match /users/{uid}/imageShares/{id} {
  allow read: if request.auth.uid == uid;
  allow update: if request.auth.uid == uid && request.resource.data.imageId == resource.data.imageId;
  allow delete: if request.auth.uid == uid;
  allow get;
}`,
    ),
    '4:3 owners update their own share records',
    '5:3 owners delete their own share records',
    '6:3 anyone get share records',
  ),
  example(
    'Firestore: a secret that a client must know',
    firestore(
      `match /{document=**} {
  allow create: if request.resource.data.code == get(/databases/$(database)/documents/secrets/code).data.value;
}`,
    ),
    '?3:3 some users create image records, share records and token records',
  ),
  example(
    'Firestore: all collections but those of the product',
    firestore(
      `match /{collection}/{document=**} {
  allow read, write: if request.auth != null && !(collection in ['users', 'imageTokens']);
}`,
    ),
  ),
  example(
    'Firestore: open from a time on',
    firestore(
      'match /{document=**} {\n  allow get: if request.time > timestamp.date(2030, 1, 1);\n}',
    ),
    '3:3 anyone get image records, share records and token records',
  ),
  example(
    'Firestore: anyone, by a mistake with ||',
    firestore(
      `match /users/{uid}/{document=**} {
  allow read: if request.auth.uid == uid || resource.data.keys().size() > 0;
  allow read: if request.auth.uid == uid || resource == null || resource != null;
}`,
    ),
    '4:3 anyone get and list image records and share records',
    '?3:3 some users get and list image records and share records',
  ),
];
