package dev.skiff.server.inference;

/** Why a request was not answered. The HTTP status of each is decided in {@code http}. */
public enum ErrorCode {
  /** The request is wrong; sent again unchanged it will fail again. */
  INVALID_ARGUMENT,
  /** The request shows no key that the server knows. */
  UNAUTHENTICATED,
  /** There is no such model, version or path. */
  NOT_FOUND,
  METHOD_NOT_ALLOWED,
  NOT_ACCEPTABLE,
  /** The client was too slow to send its request. */
  REQUEST_TIMEOUT,
  /** The request is larger than a limit allows. */
  TOO_LARGE,
  UNSUPPORTED_MEDIA_TYPE,
  /** A model cannot be loaded as it lies in the model repository. */
  LOAD_FAILED,
  /** The server or the model failed. */
  INTERNAL,
  /** The request is right, but this server does not do what it asks for. */
  UNSUPPORTED,
  /** The queue is full; try again a little later. */
  OVERLOADED,
  /** The model is loading, or the server is starting or draining. */
  NOT_READY,
  /** The request's deadline passed before its answer was there. */
  DEADLINE_EXCEEDED,
  /** The answer would take more memory than there is. */
  RESOURCE_EXHAUSTED
}
