/** When a request may run, and with whom: bounded concurrency, a bounded queue, batches. */
@NullMarked
package dev.skiff.server.batching;

import org.jspecify.annotations.NullMarked;
