/** Every meter, its name and its tags. No other package imports Micrometer. */
@NullMarked
package dev.skiff.server.metrics;

import org.jspecify.annotations.NullMarked;
