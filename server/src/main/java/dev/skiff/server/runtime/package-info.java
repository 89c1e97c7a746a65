/** ONNX Runtime, its traps handled, and nothing else. No other package imports it. */
@NullMarked
package dev.skiff.server.runtime;

import org.jspecify.annotations.NullMarked;
