package dev.skiff.server.runtime;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** A GPU with 8 KiB of memory. */
record FakeDevice(OptionalInt capability, Optional<Architectures> kernels) implements Device {
  static final Architectures KERNELS =
      new Architectures(
          new TreeSet<>(Set.of(new Architecture(80, false), new Architecture(90, true))));

  /** One that came after the build. */
  static final Device BLACKWELL = new FakeDevice(OptionalInt.of(120), Optional.of(KERNELS));

  /** One that the build has kernels for. */
  static final Device HOPPER = new FakeDevice(OptionalInt.of(90), Optional.of(KERNELS));

  /** One that does not answer, with a provider that cannot be read. */
  static final Device UNKNOWN = new FakeDevice(OptionalInt.empty(), Optional.empty());

  @Override
  public long capacity() {
    return 8192;
  }
}
