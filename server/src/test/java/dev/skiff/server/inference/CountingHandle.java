package dev.skiff.server.inference;

/** A tensor's handle that counts how often it was released. */
final class CountingHandle implements Tensor.Handle {
  private int releases;

  @Override
  public void release() {
    releases++;
  }

  int releases() {
    return releases;
  }
}
