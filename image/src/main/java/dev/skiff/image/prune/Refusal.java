package dev.skiff.image.prune;

/** A file that isn't understood or may not be changed; the message goes on after its name. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  Refusal(String message) {
    super(message);
  }
}
