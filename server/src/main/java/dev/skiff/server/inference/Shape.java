package dev.skiff.server.inference;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * The dimensions of a tensor, outermost first. In a model's specification a dimension may be {@link
 * #DYNAMIC}; the shape of real data never has such a dimension. Immutable.
 */
public final class Shape {
  /** A dimension that the model leaves open. */
  public static final long DYNAMIC = -1;

  private static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dimensions;
  private final int hash;

  private Shape(long[] dimensions) {
    this.dimensions = dimensions;
    this.hash = Arrays.hashCode(dimensions);
  }

  /**
   * A shape with these dimensions.
   *
   * @throws IllegalArgumentException for a dimension below {@link #DYNAMIC}
   */
  public static Shape of(long... dimensions) {
    return owning(dimensions.clone());
  }

  /** A shape over an array that nobody else has. */
  private static Shape owning(long[] dimensions) {
    for (long dimension : dimensions) {
      if (dimension < DYNAMIC) {
        throw new IllegalArgumentException("dimension " + dimension + " is below -1");
      }
    }
    return dimensions.length == 0 ? SCALAR : new Shape(dimensions);
  }

  public int rank() {
    return dimensions.length;
  }

  public long dimension(int axis) {
    return dimensions[axis];
  }

  /** A copy of the dimensions. */
  public long[] toArray() {
    return dimensions.clone();
  }

  /**
   * The product of the dimensions: the number of elements, 1 for a scalar.
   *
   * @throws ArithmeticException if it does not fit a long
   * @throws IllegalStateException if a dimension is open
   */
  public long elements() {
    long product = 1;
    boolean empty = false;
    for (long dimension : dimensions) {
      if (dimension == DYNAMIC) {
        throw new IllegalStateException("shape " + this + " is open");
      }
      empty |= dimension == 0;
      product = dimension == 0 ? product : Math.multiplyExact(product, dimension);
    }
    return empty ? 0 : product;
  }

  /** Whether data of that shape fits this specification: equal rank, and equal where not open. */
  public boolean accepts(Shape data) {
    if (data.dimensions.length != dimensions.length) {
      return false;
    }
    for (int axis = 0; axis < dimensions.length; axis++) {
      if (dimensions[axis] != DYNAMIC && dimensions[axis] != data.dimensions[axis]) {
        return false;
      }
    }
    return true;
  }

  /** This shape with another size of one axis. */
  public Shape with(int axis, long dimension) {
    long[] changed = dimensions.clone();
    changed[axis] = dimension;
    return owning(changed);
  }

  /** This shape with 1 for each dimension that is open. */
  public Shape closed() {
    long[] changed = dimensions.clone();
    for (int axis = 0; axis < changed.length; axis++) {
      if (changed[axis] == DYNAMIC) {
        changed[axis] = 1;
      }
    }
    return owning(changed);
  }

  /** This shape without its outermost axis: the shape of one row. */
  public Shape row() {
    return owning(Arrays.copyOfRange(dimensions, 1, dimensions.length));
  }

  /** Whether the rows of both have one shape: all dimensions but the outermost are equal. */
  public boolean hasRowsOf(Shape other) {
    return rank() > 0
        && rank() == other.rank()
        && Arrays.equals(
            dimensions, 1, dimensions.length, other.dimensions, 1, other.dimensions.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dimensions, shape.dimensions);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** As the protocol writes it, for example {@code [-1,4]}. */
  @Override
  public String toString() {
    return LongStream.of(dimensions)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
