/**
 * What can be configured: one key per setting, from a flag, an environment variable or a file, into
 * records that check themselves.
 */
@NullMarked
package dev.skiff.server.config;

import org.jspecify.annotations.NullMarked;
