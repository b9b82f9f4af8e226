/**
 * Kubernetes, Gateway API and Istio objects, and their translation into a {@link io.milepost.mesh.MeshSnapshot}.
 *
 * <p>Start with {@link io.milepost.config.kube.KubeObjects} (what was read) and {@code SnapshotBuilder} (what becomes of
 * it). Everything here is pure: no files, no sockets, no clock.
 */
@NullMarked
package io.milepost.config.kube;

import org.jspecify.annotations.NullMarked;
