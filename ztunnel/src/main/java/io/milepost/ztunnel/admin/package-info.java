/** Pages for operators: readiness, metrics, configuration. Start at {@link io.milepost.ztunnel.admin.AdminServers}. */
@NullMarked
package io.milepost.ztunnel.admin;

import org.jspecify.annotations.NullMarked;
