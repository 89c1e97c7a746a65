package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u16;
import static dev.skiff.image.prune.LittleEndian.u32;
import static dev.skiff.image.prune.LittleEndian.u64;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime's CUDA provider. Its device code is the section .nv_fatbin, and nothing refers to
 * that but the wrappers in .nvFatBinSegment, one for each fat binary, whose pointers the dynamic
 * loader fills by relocations. Reading one checks that this is all so.
 */
final class Provider {
  private static final String NAME = "libonnxruntime_providers_";
  private static final long WRAPPER_MAGIC = 0x466243B1L;
  private static final int WRAPPER_BYTES = 24;
  private static final int WRAPPER_POINTER = 8;
  private static final int SYMBOL_BYTES = 24;
  private static final int SYMBOL_OF_A_SECTION = 3;
  private static final int RELOCATION_BYTES = 24;
  private static final int RELOCATION_TYPE = 8;
  private static final int RELOCATION_ADDEND = 16;
  private static final long R_X86_64_RELATIVE = 8;

  /**
   * A fat binary and what points at it.
   *
   * @param pointer the offset in the file of the wrapper's pointer
   * @param addend the offset in the file of the addend of the relocation that fills the pointer
   */
  record Module(Fatbin fatbin, long pointer, long addend) {}

  private final Elf elf;
  private final Dynamic dynamic;
  private final Elf.Section code;
  private final List<Module> modules;

  /**
   * Reads a provider.
   *
   * @throws Refusal if this is something else, or one that this tool doesn't understand
   */
  Provider(MemorySegment file) {
    try {
      elf = new Elf(file);
      dynamic = new Dynamic(elf);
      if (!dynamic.name().startsWith(NAME)) {
        throw new Refusal(
            "is not a provider of ONNX Runtime: its name is '%s', not %s*; others' libraries, NVIDIA's among them, are not pruned"
                .formatted(dynamic.name(), NAME));
      }
      code = elf.section(".nv_fatbin");
      checkSymbols();
      modules = readModules(elf.section(".nvFatBinSegment"));
    } catch (IndexOutOfBoundsException e) {
      throw new Refusal("is damaged or cut short");
    }
  }

  Elf elf() {
    return elf;
  }

  Dynamic dynamic() {
    return dynamic;
  }

  /** The section of the fat binaries. */
  Elf.Section code() {
    return code;
  }

  /** The fat binaries in the order in which they lie in the section. */
  List<Module> modules() {
    return modules;
  }

  private void checkSymbols() {
    int index = elf.sections().indexOf(code);
    for (String name : List.of(".dynsym", ".symtab")) {
      elf.find(name).map(elf::bytes).ifPresent(symbols -> checkSymbols(symbols, index));
    }
  }

  private static void checkSymbols(MemorySegment symbols, int section) {
    for (long at = 0; at < symbols.byteSize(); at += SYMBOL_BYTES) {
      int type = u16(symbols, at + 4) & 0xf;
      if (u16(symbols, at + 6) == section && type != SYMBOL_OF_A_SECTION) {
        throw new Refusal("has symbols in .nv_fatbin");
      }
    }
  }

  private List<Module> readModules(Elf.Section wrappers) {
    Map<Long, Long> relocations = relocationsIntoCode();
    Map<Long, Module> modules = new HashMap<>();
    List<Fatbin> fatbins = Fatbin.readAll(elf.bytes(code));
    Map<Long, Fatbin> byAddress = new HashMap<>();
    fatbins.forEach(fatbin -> byAddress.put(code.address() + fatbin.offset(), fatbin));
    MemorySegment bytes = elf.bytes(wrappers);
    for (long at = 0; at < bytes.byteSize(); at += WRAPPER_BYTES) {
      if (u32(bytes, at) != WRAPPER_MAGIC || u32(bytes, at + 4) != 1 || u64(bytes, at + 16) != 0) {
        throw new Refusal("has an unknown wrapper of a fat binary in .nvFatBinSegment");
      }
      Long addend = relocations.remove(wrappers.address() + at + WRAPPER_POINTER);
      Fatbin fatbin = addend == null ? null : byAddress.remove(u64(elf.file(), addend));
      if (addend == null || fatbin == null || !isFilled(u64(bytes, at + WRAPPER_POINTER), addend)) {
        throw new Refusal("has a wrapper in .nvFatBinSegment that points at no fat binary");
      }
      long pointer = wrappers.offset() + at + WRAPPER_POINTER;
      modules.put(fatbin.offset(), new Module(fatbin, pointer, addend));
    }
    if (!relocations.isEmpty() || !byAddress.isEmpty()) {
      throw new Refusal("refers to .nv_fatbin otherwise than by one wrapper for each fat binary");
    }
    return fatbins.stream().map(fatbin -> modules.get(fatbin.offset())).toList();
  }

  /** Some linkers leave zero in the file, others what the loader will put there. */
  private boolean isFilled(long pointer, long addend) {
    return pointer == 0 || pointer == u64(elf.file(), addend);
  }

  /** The relocations that make a pointer into the code: from its address to its addend's offset. */
  private Map<Long, Long> relocationsIntoCode() {
    Map<Long, Long> found = new HashMap<>();
    Elf.Section section = elf.section(".rela.dyn");
    MemorySegment bytes = elf.bytes(section);
    for (long at = 0; at < bytes.byteSize(); at += RELOCATION_BYTES) {
      if (code.holds(u64(bytes, at + RELOCATION_ADDEND))) {
        long addend = section.offset() + at + RELOCATION_ADDEND;
        if (u64(bytes, at + RELOCATION_TYPE) != R_X86_64_RELATIVE
            || found.put(u64(bytes, at), addend) != null) {
          throw new Refusal("has an unknown relocation into .nv_fatbin");
        }
      }
    }
    return found;
  }
}
