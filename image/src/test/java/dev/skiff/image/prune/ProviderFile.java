package dev.skiff.image.prune;

import static dev.skiff.image.prune.DeviceCode.cubin;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes a small shared library of the CUDA provider's build: the same kinds of segments and
 * sections, in the same order, with code of random bytes.
 */
final class ProviderFile {
  static final int PAGE = 0x1000;

  /** How far a segment's addresses are from its offsets, so that neither passes for the other. */
  private static final int CODE_SHIFT = 0x1000;

  private static final int DATA_SHIFT = 0x3000;

  private static final int LOADED = 2;
  private static final int PROGBITS = 1;

  private record Section(String name, int type, int flags, int offset, int size, String link) {}

  String name = "libonnxruntime_providers_cuda.so";
  boolean nameAsVersion;
  int machine = 62;
  boolean property = true;
  boolean propertyInNote = true;
  boolean pointersInFile = true;
  final List<String> needed = new ArrayList<>(List.of("libcudart.so.12"));
  final List<String> undefined = new ArrayList<>(List.of("cudaMalloc", "cublasCreate_v2"));
  final List<String> versionsOf = new ArrayList<>(List.of("libcudart.so.12"));
  final List<Long> furtherTags = new ArrayList<>();
  boolean symbolInCode;
  boolean relocationIntoCode;
  int wrappersLeftOut;

  private final List<List<DeviceCode>> fatbins = new ArrayList<>();
  private final List<Section> sections = new ArrayList<>();
  private final Map<String, Integer> strings = new LinkedHashMap<>();
  private final ByteArrayOutputStream stringTable = new ByteArrayOutputStream();
  private ByteBuffer file = ByteBuffer.allocate(0);

  ProviderFile fatbin(DeviceCode... code) {
    fatbins.add(List.of(code));
    return this;
  }

  /** Three fat binaries like the provider's: of all devices, of some, of one. */
  static ProviderFile typical() {
    ProviderFile made =
        new ProviderFile()
            .fatbin(cubin(80, 5000), cubin(86, 6000), cubin(90, 7000), cubin(120, 8000))
            .fatbin(cubin(80, 3000), cubin(90, 2000))
            .fatbin(cubin(90, 4000));
    made.needed.addAll(List.of("libcurand.so.10", "libcuda.so.1", "libc.so.6"));
    return made;
  }

  /** Where a section of the built file starts. */
  int offset(String section) {
    return sections.stream()
        .filter(it -> it.name().equals(section))
        .findFirst()
        .orElseThrow()
        .offset();
  }

  /** Where the header of a section of the built file starts. */
  int header(String section) {
    List<String> names = sections.stream().map(Section::name).toList();
    return (int) file.getLong(40) + 64 * (names.indexOf(section) + 1);
  }

  byte[] build() {
    sections.clear();
    strings.clear();
    stringTable.reset();
    string("");
    file = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    int segmentCount = property ? 6 : 5;
    file.position(64 + 56 * segmentCount);
    int note = section(".note.gnu.property", 7, LOADED, "", random(32, 1));
    section(".dynsym", 11, LOADED, ".dynstr", symbols());
    if (nameAsVersion) {
      section(".gnu.version_d", 0x6ffffffd, LOADED, ".dynstr", versionDefinition());
    }
    section(".gnu.version_r", 0x6ffffffe, LOADED, ".dynstr", versionNeeds());
    int wrappers = fatbins.size() - wrappersLeftOut;
    int relocations = section(".rela.dyn", 4, LOADED, ".dynsym", new byte[24 * (wrappers + 3)]);
    byte[] dynamic = dynamic();
    section(".dynstr", 3, LOADED, "", stringTable.toByteArray());
    int headEnd = file.position();

    int load = page();
    section(".rodata", PROGBITS, LOADED, "", random(1000, 2));
    List<Integer> starts = new ArrayList<>();
    int code = section(".nv_fatbin", PROGBITS, LOADED, "", code(starts));
    section(".eh_frame_hdr", PROGBITS, LOADED, "", random(3000, 3));
    int loadEnd = file.position();

    int data = page();
    int dynamicStart = section(".dynamic", 6, LOADED | 1, ".dynstr", dynamic);
    int variables = section(".data", PROGBITS, LOADED | 1, "", random(200, 4)) + DATA_SHIFT;
    int wrapperStart =
        section(".nvFatBinSegment", PROGBITS, LOADED | 1, "", new byte[24 * wrappers]);
    int dataEnd = file.position();

    int relocation = relocations;
    for (int wrapper = 0; wrapper < wrappers; wrapper++) {
      int at = wrapperStart + 24 * wrapper;
      // The last fat binary has the first wrapper.
      long target = (long) code + starts.get(fatbins.size() - 1 - wrapper) + CODE_SHIFT;
      file.putInt(at, 0x466243B1).putInt(at + 4, 1).putLong(at + 8, pointersInFile ? target : 0);
      relocation = relocation(relocation, at + 8 + DATA_SHIFT, 8, target);
    }
    relocation = relocation(relocation, variables, 8, load + CODE_SHIFT);
    relocation = relocation(relocation, variables + 8, 0x100000001L, 0);
    long stray = (long) code + starts.get(0) + 16 + CODE_SHIFT;
    relocation(relocation, variables + 16, 8, relocationIntoCode ? stray : load);
    if (symbolInCode) {
      int symbol = offset(".dynsym") + 24;
      file.put(symbol + 4, (byte) 1).putShort(symbol + 6, (short) (index(".nv_fatbin") + 1));
    }

    section(".comment", PROGBITS, 0, "", random(50, 5));
    section(".shstrtab", 3, 0, "", sectionNames());
    file.putShort(62, (short) (index(".shstrtab") + 1));
    align(8);
    sectionTable();
    int end = file.position();

    header(segmentCount);
    file.position(64);
    segment(1, 4, 0, 0, headEnd, PAGE);
    segment(1, 4, load, CODE_SHIFT, loadEnd - load, PAGE);
    segment(1, 6, data, DATA_SHIFT, dataEnd - data, PAGE);
    segment(2, 6, dynamicStart, DATA_SHIFT, dynamic.length, 8);
    segment(4, 4, note, 0, propertyInNote ? 32 : 16, 8);
    if (property) {
      segment(0x6474e553, 4, note, 0, 32, 8);
    }
    byte[] bytes = new byte[end];
    file.get(0, bytes);
    return bytes;
  }

  private void header(int segmentCount) {
    file.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    file.putShort(16, (short) 3).putShort(18, (short) machine).putInt(20, 1).putLong(32, 64);
    file.putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) segmentCount);
    file.putShort(58, (short) 64).putShort(60, (short) (sections.size() + 1));
  }

  private void segment(int type, int flags, int offset, int shift, int size, int alignment) {
    long address = (long) offset + shift;
    file.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(address);
    file.putLong(size).putLong(size).putLong(alignment);
  }

  private int section(String name, int type, int flags, String link, byte[] bytes) {
    align(8);
    int offset = file.position();
    sections.add(new Section(name, type, flags, offset, bytes.length, link));
    file.put(bytes);
    return offset;
  }

  private byte[] sectionNames() {
    StringBuilder names = new StringBuilder("\0");
    sections.forEach(section -> names.append(section.name()).append('\0'));
    return names.append(".shstrtab\0").toString().getBytes(UTF_8);
  }

  private void sectionTable() {
    file.putLong(40, file.position());
    file.put(new byte[64]);
    int name = 1;
    for (Section section : sections) {
      file.putInt(name).putInt(section.type()).putLong(section.flags());
      long shift = shift(section.offset());
      file.putLong((section.flags() & LOADED) == 0 ? 0 : section.offset() + shift);
      file.putLong(section.offset()).putLong(section.size());
      file.putInt(section.link().isEmpty() ? 0 : index(section.link()) + 1).putInt(0);
      file.putLong(8).putLong(0);
      name += section.name().length() + 1;
    }
  }

  private long shift(int offset) {
    return offset >= offset(".dynamic") ? DATA_SHIFT : offset >= offset(".rodata") ? CODE_SHIFT : 0;
  }

  private int index(String section) {
    return sections.stream().map(Section::name).toList().indexOf(section);
  }

  private byte[] code(List<Integer> starts) {
    ByteBuffer code = ByteBuffer.allocate(1 << 19).order(ByteOrder.LITTLE_ENDIAN);
    for (List<DeviceCode> fatbin : fatbins) {
      starts.add(code.position());
      int size = fatbin.stream().mapToInt(DeviceCode::size).sum();
      code.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(size);
      fatbin.forEach(entry -> entry.write(code));
    }
    byte[] bytes = new byte[code.position()];
    code.get(0, bytes);
    return bytes;
  }

  private byte[] symbols() {
    ByteBuffer symbols =
        ByteBuffer.allocate(24 * (undefined.size() + 2)).order(ByteOrder.LITTLE_ENDIAN);
    symbols.position(24);
    symbols.putInt(string("GetProvider")).put((byte) 0x12).put((byte) 0).putShort((short) 1);
    symbols.position(48);
    for (String name : undefined) {
      symbols.putInt(string(name)).put((byte) 0x12).put((byte) 0).putShort((short) 0);
      symbols.position(symbols.position() + 16);
    }
    return symbols.array();
  }

  private byte[] versionDefinition() {
    ByteBuffer version = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    version.putShort((short) 1).putShort((short) 1).putShort((short) 1).putShort((short) 1);
    return version.putInt(0).putInt(20).putInt(0).putInt(string(name)).putInt(0).array();
  }

  private byte[] versionNeeds() {
    ByteBuffer needs = ByteBuffer.allocate(16 * versionsOf.size()).order(ByteOrder.LITTLE_ENDIAN);
    for (int index = 0; index < versionsOf.size(); index++) {
      needs.putShort((short) 1).putShort((short) 0).putInt(string(versionsOf.get(index)));
      needs.putInt(0).putInt(index + 1 < versionsOf.size() ? 16 : 0);
    }
    return needs.array();
  }

  private byte[] dynamic() {
    ByteBuffer dynamic = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    needed.forEach(library -> dynamic.putLong(1).putLong(string(library)));
    if (!nameAsVersion) {
      dynamic.putLong(14).putLong(string(name));
    }
    furtherTags.forEach(tag -> dynamic.putLong(tag).putLong(0));
    dynamic.putLong(0x6ffffffb).putLong(1);
    byte[] bytes = new byte[dynamic.position() + 16];
    dynamic.get(0, bytes, 0, dynamic.position());
    return bytes;
  }

  private int relocation(int at, long place, long info, long addend) {
    file.putLong(at, place).putLong(at + 8, info).putLong(at + 16, addend);
    return at + 24;
  }

  private int string(String text) {
    return strings.computeIfAbsent(
        text,
        key -> {
          int at = stringTable.size();
          stringTable.writeBytes((key + "\0").getBytes(UTF_8));
          return at;
        });
  }

  private int page() {
    align(PAGE);
    return file.position();
  }

  private void align(int to) {
    file.position((file.position() + to - 1) / to * to);
  }

  static byte[] random(int size, int seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
