/**
 * Sources of configuration: things that deliver {@link io.milepost.mesh.MeshSnapshot}s.
 *
 * <p>Start with {@link io.milepost.config.DirectorySource}. How Kubernetes objects are translated is told in {@code
 * io.milepost.config.kube}, how istiod's resources are read in {@code io.milepost.config.xds}.
 */
@NullMarked
package io.milepost.config;

import org.jspecify.annotations.NullMarked;
