package dev.skiff.image.prune;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * Fuzzes damaged providers: refused, or pruned to what {@link Verification} lets pass. The inputs
 * say what is changed in a sound library, which is larger than a fuzzer could make one.
 */
public final class ProviderFuzz {
  private static final byte[] SOUND = ProviderFile.typical().build();
  private static final Path OUT = Path.of("target/provider-fuzz.so");
  private static final Architectures WANTED = Architectures.parse("80");

  private ProviderFuzz() {}

  /** Changes: three bytes for a place, eight that are put there; at last a byte for a cut. */
  public static void fuzzerTestOneInput(byte[] input) {
    byte[] file = SOUND.clone();
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer changes = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
    while (changes.remaining() >= 11) {
      int at = ((changes.get() & 0xff) << 16 | (changes.getShort() & 0xffff)) % (file.length - 8);
      bytes.putLong(at, changes.getLong());
    }
    if (changes.hasRemaining()) {
      int kept = file.length - Byte.toUnsignedInt(changes.get());
      file = Arrays.copyOf(file, kept);
    }
    try {
      prune(new Provider(MemorySegment.ofArray(file)));
    } catch (Refusal e) {
      // As it should be.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void prune(Provider provider) throws IOException {
    WANTED.checkServed(provider.modules().stream().map(Provider.Module::fatbin).toList());
    Compaction compaction = new Compaction(provider, WANTED, UnaryOperator.identity());
    try (FileChannel out = FileChannel.open(OUT, CREATE, READ, WRITE, TRUNCATE_EXISTING)) {
      compaction.write(out);
      ByteBuffer written = ByteBuffer.allocate((int) out.size());
      out.read(written, 0);
      Provider pruned = new Provider(MemorySegment.ofArray(written.array()));
      new Verification(provider, pruned, WANTED).run();
    }
  }
}
