import { uploadBytesResumable, type FirebaseStorage } from 'firebase/storage';
import { uploadOriginal } from './upload.js';

jest.mock('firebase/storage', () => ({
  ref: (_storage: unknown, name: string) => ({ name }),
  uploadBytesResumable: jest.fn(),
}));

const storage = {} as FirebaseStorage;
const upload = uploadBytesResumable as unknown as jest.Mock;

/** Like the SDK's UploadTask: a promise that also reports progress. */
function task(total: number, outcome: Promise<unknown>) {
  return Object.assign(outcome, {
    on: (_event: string, next: (snapshot: object) => void) => {
      for (const part of [0, 0.5]) next({ bytesTransferred: total * part, totalBytes: total });
    },
  });
}
const done = () => Promise.resolve({ metadata: { generation: '1795464000000000' } });

beforeEach(() => upload.mockReset());

it("uploads to the owner's folder with a new id and reports progress", async () => {
  upload.mockReturnValue(task(10, done()));
  const fractions: number[] = [];
  const data = new Uint8Array(10);
  const { imageId, name, generation } = await uploadOriginal(storage, {
    uid: 'u1',
    data,
    contentType: 'image/png',
    onProgress: (fraction) => fractions.push(fraction),
  });
  expect(imageId).toMatch(/^[a-z0-9]{20}$/);
  expect(name).toBe(`originals/u1/${imageId}`);
  expect(generation).toBe('1795464000000000');
  expect(upload).toHaveBeenCalledWith({ name }, data, { contentType: 'image/png' });
  expect(fractions).toEqual([0, 0.5, 1]);
});

it('uses the given id and path, and accepts an empty file', async () => {
  upload.mockReturnValue(task(0, done()));
  const onProgress = jest.fn();
  const options = { uid: 'u1', imageId: 'cat', data: new Uint8Array(), contentType: 'image/png' };
  const originalsPath = 'private/{uid}/in/{imageId}';
  const { name } = await uploadOriginal(storage, { ...options, originalsPath, onProgress });
  expect(name).toBe('private/u1/in/cat');
  expect(onProgress.mock.calls).toEqual([[0], [0], [1]]);
});

it('rejects an invalid id before any request', async () => {
  const options = { uid: 'u1', data: new Uint8Array(1), contentType: 'image/png' };
  await expect(uploadOriginal(storage, { ...options, imageId: '../x' })).rejects.toThrow(
    'The image id must not contain "/": "../x"',
  );
  expect(upload).not.toHaveBeenCalled();
});

it('rejects with the error of Cloud Storage', async () => {
  const denied = Object.assign(new Error('no'), { code: 'storage/unauthorized' });
  upload.mockReturnValue(task(1, Promise.reject(denied)));
  const options = { uid: 'u2', data: new Uint8Array(1), contentType: 'image/png' };
  await expect(uploadOriginal(storage, options)).rejects.toBe(denied);
});

it("cancels the upload and rejects with the signal's reason when aborted", async () => {
  let fail: (error: Error) => void = () => {};
  const pending = new Promise((_, reject) => (fail = reject));
  const cancel = jest.fn(() => fail(new Error('storage/canceled')));
  upload.mockReturnValue(Object.assign(task(1, pending), { cancel }));
  const controller = new AbortController();
  const options = { uid: 'u1', data: new Uint8Array(1), contentType: 'image/png' };
  const uploading = uploadOriginal(storage, { ...options, signal: controller.signal });
  controller.abort('signed out');
  await expect(uploading).rejects.toBe('signed out');
  expect(cancel).toHaveBeenCalledTimes(1);
});
