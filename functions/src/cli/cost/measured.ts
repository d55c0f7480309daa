/**
 * Measured times, which depend on the machine: on two cores of an Intel Xeon at 2.5 GHz, by the commands that are named.
 * What does not depend on the machine is counted: operations.ts.
 */
export const MEASURED = {
  /** CPU time of an upload with `FORMATS=auto`, all functions together, milliseconds: bench -- function. */
  uploadCpuMs: 240,
  /** Of which the functions with 256 MiB use, milliseconds: bench -- function. */
  lightCpuMs: 14,
  /** From the event to the record that is ready, milliseconds: bench -- function. It is all instance time at most. */
  processMs: 276,
  /** CPU time of a view from memory, in functions-framework, milliseconds: bench -- serve. */
  viewCpuMs: 0.54,
  /** CPU time of an upload with storage-resize-images 0.3.3, milliseconds: bench -- function. */
  peerUploadCpuMs: 1460,
  /** Its time from the event to the last file, milliseconds: bench -- function. */
  peerUploadMs: 1097,
  /** An estimate for imgproxy, which was not measured: one decode of 12 megapixels and one encode, milliseconds, of bench -- function. */
  resizeCpuMs: 120,
} as const;
