package dev.skiff.bench;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 500ms}, {@code 1.5s} or {@code 2m} as seconds. */
final class DurationConverter implements ITypeConverter<Double> {
  private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m)");

  @Override
  public Double convert(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException("'" + text + "' is no duration like 500ms, 1.5s or 2m");
    }
    double number = Double.parseDouble(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> number / 1000;
      case "m" -> number * 60;
      default -> number;
    };
  }

  /** Reads {@code stable} or a duration. */
  static final class ForWarmUp implements ITypeConverter<WarmUp> {
    @Override
    public WarmUp convert(String text) {
      return text.equals("stable")
          ? new WarmUp.UntilStable()
          : new WarmUp.Fixed(new DurationConverter().convert(text));
    }
  }
}
