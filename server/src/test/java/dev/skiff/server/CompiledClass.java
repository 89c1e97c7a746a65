package dev.skiff.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A class and all that it names: in code, in descriptors, in generic signatures and in annotations.
 *
 * @param name its name, with dots
 * @param references the names of other classes, with dots
 */
record CompiledClass(String name, Set<String> references) {
  private static final Pattern DESCRIPTOR = Pattern.compile("L([\\w$]+(?:/[\\w$]+)+)[;<]");

  /** The class in these bytes. Its constant pool holds every name that it uses. */
  static CompiledClass of(byte[] bytes) {
    ClassModel model = ClassFile.of().parse(bytes);
    Set<String> references = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      switch (entry) {
        case ClassEntry used -> references.add(dotted(used.asInternalName()));
        case Utf8Entry text ->
            DESCRIPTOR
                .matcher(text.stringValue())
                .results()
                .map((MatchResult match) -> dotted(match.group(1)))
                .forEach(references::add);
        default -> {}
      }
    }
    return new CompiledClass(dotted(model.thisClass().asInternalName()), references);
  }

  /** Every class in a folder. */
  static List<CompiledClass> in(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".class"))
          .map(file -> of(bytes(file)))
          .toList();
    }
  }

  /** The part of the name before the last dot. */
  String packageName() {
    return packageOf(name);
  }

  static String packageOf(String name) {
    return name.substring(0, Math.max(0, name.lastIndexOf('.')));
  }

  private static String dotted(String internalName) {
    return internalName.replace('/', '.');
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
