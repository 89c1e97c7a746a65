/** Prunes the CUDA code of ONNX Runtime's provider library. */
@NullMarked
package dev.skiff.image.prune;

import org.jspecify.annotations.NullMarked;
