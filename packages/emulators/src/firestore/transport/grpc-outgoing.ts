/** Messages of a gRPC stream that are passed to HTTP/2 without waiting for those before them. */
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** An encoded message. */
export class OutgoingMessage {
  /** @param onTaken called when the connection has taken the bytes, or has failed */
  constructor(
    readonly bytes: Buffer,
    readonly onTaken: () => void,
  ) {}
}

/**
 * Lets a stream write its next `OutgoingMessage` at once: grpc-js waits for each message until the socket has taken it,
 * which is one socket write per message. Messages that are passed to HTTP/2 together are one write.
 */
export const sendWithoutWaiting: ServerInterceptor = (_, call) => new SendingCall(call);

class SendingCall extends ServerInterceptingCall {
  override sendMessage(message: unknown, callback: () => void): void {
    if (!(message instanceof OutgoingMessage)) {
      super.sendMessage(message, callback);
      return;
    }
    super.sendMessage(message, message.onTaken);
    callback();
  }
}
