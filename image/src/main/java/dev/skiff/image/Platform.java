package dev.skiff.image;

/** A platform that an image is made for. Its text is the name that ONNX Runtime's jar uses. */
enum Platform {
  LINUX_X64("linux-x64"),
  LINUX_AARCH64("linux-aarch64");

  private final String text;

  Platform(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
