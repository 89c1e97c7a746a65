package dev.skiff.bench;

/** Text as it may stand in HTML. */
final class Html {
  private Html() {}

  /** For element content and quoted attributes. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
