package dev.skiff.server.config;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** A wrong key or value. The message is one line that says which, what was expected, what came. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  /** What a message says of a file or a folder that could not be read. */
  public static String unreadable(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "cannot be read: it is not there";
      case NotDirectoryException _ -> "cannot be read: it is no folder";
      case AccessDeniedException _ -> "cannot be read: access is denied";
      default -> "cannot be read";
    };
  }

  /** The line for the user. */
  public String line() {
    return String.valueOf(getMessage());
  }
}
