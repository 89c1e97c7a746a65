@NullMarked
package dev.skiff.bench;

import org.jspecify.annotations.NullMarked;
