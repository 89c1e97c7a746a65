/**
 * The language that every package speaks: tensors, requests, responses and errors. It knows no
 * library.
 */
@NullMarked
package dev.skiff.server.inference;

import org.jspecify.annotations.NullMarked;
