/** Build tools for what goes into the images. */
@NullMarked
package dev.skiff.image;

import org.jspecify.annotations.NullMarked;
