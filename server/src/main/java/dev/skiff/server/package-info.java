/** The inference server: its wiring and its main class. */
@NullMarked
package dev.skiff.server;

import org.jspecify.annotations.NullMarked;
