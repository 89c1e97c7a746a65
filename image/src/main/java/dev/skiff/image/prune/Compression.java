package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u32;
import static dev.skiff.image.prune.LittleEndian.u64;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** How the code of a fat binary is compressed; its header says so, and how large both forms are. */
enum Compression {
  NONE(0, 1),
  /** No byte of a block stands for more than 255. */
  LZ4(0x2000, 255),
  /**
   * As NVIDIA's tools write it since CUDA 12.8; older drivers cannot read it. Four bytes stand for
   * a block of 128 KiB at most.
   */
  ZSTD(0x8000, 32 << 10);

  private static final int HEADER_FIELD = 4;
  private static final int PAYLOAD_FIELD = 8;
  private static final int COMPRESSED_FIELD = 16;
  private static final int FLAGS_FIELD = 40;
  private static final int SIZE_FIELD = 56;

  private static final int LEVEL = 19;

  /** Of 2 MB, as in NVIDIA's own frames; the level's would be larger. */
  private static final int WINDOW_LOG = 21;

  private final long flag;

  /** How many times as large as its compressed form code can be. */
  private final long mostRatio;

  Compression(long flag, long mostRatio) {
    this.flag = flag;
    this.mostRatio = mostRatio;
  }

  /** That of an entry, with its header. */
  static Compression of(MemorySegment entry) {
    long flags = u64(entry, FLAGS_FIELD);
    for (Compression compression : new Compression[] {LZ4, ZSTD}) {
      if ((flags & compression.flag) != 0) {
        return compression;
      }
    }
    return NONE;
  }

  /**
   * The code of an entry, uncompressed and without its header.
   *
   * @throws Refusal if it is damaged
   */
  static MemorySegment decompress(MemorySegment entry, Arena arena) {
    long header = u32(entry, HEADER_FIELD);
    Compression compression = of(entry);
    if (compression == NONE) {
      return entry.asSlice(header);
    }
    try {
      MemorySegment compressed = entry.asSlice(header, u32(entry, COMPRESSED_FIELD));
      long most = Math.min(Integer.MAX_VALUE, compressed.byteSize() * compression.mostRatio);
      MemorySegment code = arena.allocate(Objects.checkIndex(u64(entry, SIZE_FIELD), most + 1));
      if (compression == LZ4) {
        Lz4.decompress(compressed, code);
      } else {
        decompressZstd(compressed, code);
      }
      return code;
    } catch (IndexOutOfBoundsException | ZstdException e) {
      throw new Refusal("has code that cannot be decompressed");
    }
  }

  /**
   * An entry with its code compressed by zstd instead of LZ4, or the same one if it is compressed
   * otherwise or would not shrink.
   *
   * @param arena where the new entry is
   * @throws Refusal if it is damaged
   */
  static MemorySegment recompress(MemorySegment entry, Arena arena) {
    if (of(entry) != LZ4) {
      return entry;
    }
    long header = u32(entry, HEADER_FIELD);
    try (var work = Arena.ofConfined();
        var zstd = new ZstdCompressCtx()) {
      MemorySegment code = decompress(entry, work);
      MemorySegment compressed = work.allocate(Zstd.compressBound(code.byteSize()));
      zstd.setLevel(LEVEL).setWindowLog(WINDOW_LOG);
      int size = zstd.compress(compressed.asByteBuffer(), code.asByteBuffer());
      long payload = Pages.up(size, Fatbin.ALIGNMENT);
      if (header + payload >= entry.byteSize()) {
        return entry;
      }
      MemorySegment recompressed = arena.allocate(header + payload);
      MemorySegment.copy(entry, 0, recompressed, 0, header);
      MemorySegment.copy(compressed, 0, recompressed, header, size);
      LittleEndian.u64(recompressed, PAYLOAD_FIELD, payload);
      LittleEndian.u32(recompressed, COMPRESSED_FIELD, size);
      long flags = (u64(entry, FLAGS_FIELD) & ~LZ4.flag) | ZSTD.flag;
      LittleEndian.u64(recompressed, FLAGS_FIELD, flags);
      return recompressed;
    }
  }

  /** Whether two entries are equal but for the compression of their code. */
  static boolean isSame(MemorySegment entry, MemorySegment other) {
    if (of(entry) == of(other)) {
      return entry.mismatch(other) < 0;
    }
    try (var arena = Arena.ofConfined()) {
      return headerWithoutSizes(entry, arena).mismatch(headerWithoutSizes(other, arena)) < 0
          && decompress(entry, arena).mismatch(decompress(other, arena)) < 0;
    }
  }

  private static MemorySegment headerWithoutSizes(MemorySegment entry, Arena arena) {
    long size = u32(entry, HEADER_FIELD);
    MemorySegment header = arena.allocate(size).copyFrom(entry.asSlice(0, size));
    LittleEndian.u64(header, PAYLOAD_FIELD, 0);
    LittleEndian.u32(header, COMPRESSED_FIELD, 0);
    LittleEndian.u64(header, FLAGS_FIELD, u64(header, FLAGS_FIELD) & ~(LZ4.flag | ZSTD.flag));
    return header;
  }

  private static void decompressZstd(MemorySegment compressed, MemorySegment code) {
    long size =
        Zstd.decompressDirectByteBuffer(
            code.asByteBuffer(),
            0,
            (int) code.byteSize(),
            compressed.asByteBuffer(),
            0,
            (int) compressed.byteSize());
    if (size != code.byteSize()) {
      throw new IndexOutOfBoundsException("not a zstd frame of that size");
    }
  }
}
