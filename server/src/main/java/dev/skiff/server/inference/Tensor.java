package dev.skiff.server.inference;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Elements of one datatype in row-major order, in native byte order (little-endian on every
 * platform that Skiff runs on). Fixed-size datatypes lie in direct memory, ready for native code;
 * {@link Datatype#BYTES} elements lie on the heap, each as a 4-byte length and its bytes.
 *
 * <p>Whoever is handed a tensor closes it, once. A tensor of a {@link TensorPool} goes back there,
 * the last of the {@link #split views} of one tensor closes that, any other frees its memory. Not
 * thread-safe: one thread at a time.
 */
public final class Tensor implements Value {
  private final Datatype datatype;
  private final Shape shape;
  private final ByteBuffer data;
  private final @Nullable Arena memory;
  private final @Nullable Owner owner;
  private @Nullable Handle handle;

  /** Native code's own object for a tensor's memory, kept beside it so that it is made once. */
  public interface Handle {
    void release();
  }

  /** Who takes a tensor back that is closed. */
  interface Owner {
    void release(Tensor tensor);
  }

  private Tensor(
      Datatype datatype,
      Shape shape,
      ByteBuffer data,
      @Nullable Arena memory,
      @Nullable Owner owner) {
    this.datatype = datatype;
    this.shape = shape;
    this.data = data.order(ByteOrder.nativeOrder());
    this.memory = memory;
    this.owner = owner;
  }

  /**
   * A tensor of a fixed-size datatype in direct memory of its own, all zeros.
   *
   * @throws InferenceException RESOURCE_EXHAUSTED if its bytes are more than a buffer can hold or
   *     than all tensors may have, OVERLOADED if others have too much of that
   */
  public static Tensor allocate(Datatype datatype, Shape shape) {
    return allocate(datatype, shape, null);
  }

  static Tensor allocate(Datatype datatype, Shape shape, @Nullable Owner owner) {
    if (datatype == Datatype.BYTES) {
      throw new IllegalArgumentException("BYTES elements have no fixed size");
    }
    int bytes = bytes(datatype, shape);
    // A kernel may ask for the address of an empty tensor: never hand it memory of size 0.
    int size = Math.max(bytes, 1);
    TensorMemory.SHARED.take(size);
    Arena memory = Arena.ofShared();
    try {
      ByteBuffer data = memory.allocate(size, 64).asByteBuffer().limit(bytes);
      return new Tensor(datatype, shape, data, memory, owner);
    } catch (OutOfMemoryError e) {
      memory.close();
      TensorMemory.SHARED.giveBack(size);
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "there is no memory for a tensor of %s %s".formatted(shape, datatype));
    }
  }

  private static int bytes(Datatype datatype, Shape shape) {
    try {
      return Math.toIntExact(Math.multiplyExact(shape.elements(), datatype.byteSize()));
    } catch (ArithmeticException e) {
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "a tensor of %s %s is over the limit of %d bytes"
              .formatted(shape, datatype, Integer.MAX_VALUE));
    }
  }

  /**
   * A BYTES tensor over elements that lie in {@code data} as length and bytes, from position 0 to
   * the limit. Not copied, not checked.
   */
  public static Tensor ofBytes(Shape shape, ByteBuffer data) {
    return new Tensor(Datatype.BYTES, shape, data, null, null);
  }

  /** A BYTES tensor of these texts, in UTF-8. */
  public static Tensor ofStrings(Shape shape, List<String> texts) {
    List<byte[]> elements = texts.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
    int size = elements.stream().mapToInt(e -> Integer.BYTES + e.length).sum();
    ByteBuffer data = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    elements.forEach(e -> data.putInt(e.length).put(e));
    return ofBytes(shape, data.flip());
  }

  public Datatype datatype() {
    return datatype;
  }

  public Shape shape() {
    return shape;
  }

  /** The elements, from position 0 to the limit. Use absolute access, or a duplicate. */
  public ByteBuffer data() {
    return data;
  }

  /** The elements of a BYTES tensor as text. */
  public List<String> strings() {
    String[] texts = new String[Math.toIntExact(shape.elements())];
    int at = 0;
    for (int i = 0; i < texts.length; i++) {
      int length = data.getInt(at);
      byte[] bytes = new byte[length];
      data.get(at + Integer.BYTES, bytes);
      texts[i] = new String(bytes, StandardCharsets.UTF_8);
      at += Integer.BYTES + length;
    }
    return List.of(texts);
  }

  /**
   * Cuts the tensor along its outermost axis into views of its memory, without a copy. They take
   * its place: the last of them that is closed closes it. Different threads may own them.
   *
   * @param rows the outermost dimension of each view
   * @throws IllegalArgumentException if they do not sum up to the tensor's
   */
  public List<Tensor> split(List<Long> rows) {
    long sum = 0;
    for (long count : rows) {
      sum += count;
    }
    if (shape.rank() == 0 || shape.dimension(0) != sum) {
      throw new IllegalArgumentException(
          "a tensor of " + shape + " does not have " + sum + " rows");
    }
    long elements = shape.row().elements();
    AtomicInteger open = new AtomicInteger(rows.size());
    Owner owner =
        view -> {
          view.free();
          if (open.decrementAndGet() == 0) {
            close();
          }
        };
    List<Tensor> views = new ArrayList<>(rows.size());
    Shape cut = shape;
    int start = 0;
    for (long count : rows) {
      if (cut.dimension(0) != count) {
        cut = shape.with(0, count);
      }
      int end = end(start, count * elements);
      ByteBuffer part = data.slice(start, end - start);
      views.add(new Tensor(datatype, cut, part, null, owner));
      start = end;
    }
    return views;
  }

  /** Where the elements end, in bytes, of which the first lies at {@code start}. */
  private int end(int start, long elements) {
    if (datatype != Datatype.BYTES) {
      return Math.toIntExact(start + elements * datatype.byteSize());
    }
    int end = start;
    for (long i = 0; i < elements; i++) {
      end += Integer.BYTES + data.getInt(end);
    }
    return end;
  }

  /** The handle that was made for this tensor's memory, made now if there is none yet. */
  public <H extends Handle> H handle(Class<H> type, Function<Tensor, H> make) {
    Handle known = handle;
    if (known != null) {
      return type.cast(known);
    }
    H made = make.apply(this);
    handle = made;
    return made;
  }

  @Override
  public void close() {
    if (owner != null) {
      owner.release(this);
    } else {
      free();
    }
  }

  /** Frees the handle and the memory, whether pooled or not. */
  void free() {
    if (handle != null) {
      handle.release();
      handle = null;
    }
    if (memory != null) {
      memory.close();
      TensorMemory.SHARED.giveBack(data.capacity());
    }
  }
}
