package dev.skiff.server.inference;

/**
 * What a model says of one of its inputs or outputs.
 *
 * @param name the name in the graph
 * @param datatype the element type
 * @param shape the dimensions, {@link Shape#DYNAMIC} where the model leaves them open
 */
public record TensorSpec(String name, Datatype datatype, Shape shape) {

  /** Whether the outermost dimension is open, so that rows can be put together into a batch. */
  public boolean batched() {
    return shape.rank() > 0 && shape.dimension(0) == Shape.DYNAMIC;
  }

  /**
   * Checks that data may be given for this input.
   *
   * @throws InferenceException INVALID_ARGUMENT if the datatype or the shape does not fit
   */
  public void check(Datatype givenDatatype, Shape givenShape) {
    if (givenDatatype != datatype) {
      throw InferenceException.invalid(
          "input '" + name + "' has datatype " + datatype + ", got " + givenDatatype);
    }
    if (givenShape.rank() != shape.rank()) {
      throw InferenceException.invalid(
          "input '%s' has %d dimensions %s, got %d: %s"
              .formatted(name, shape.rank(), shape, givenShape.rank(), givenShape));
    }
    if (!shape.accepts(givenShape)) {
      throw InferenceException.invalid(
          "input '" + name + "' has shape " + shape + ", got " + givenShape);
    }
  }
}
