/** When a request may run: bounded concurrency, a bounded queue, deadlines. */
@NullMarked
package dev.skiff.server.batching;

import org.jspecify.annotations.NullMarked;
