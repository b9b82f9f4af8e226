package io.milepost.ztunnel.admin;

import io.milepost.telemetry.ZtunnelMetrics;
import io.milepost.ztunnel.plan.MeshView;
import io.milepost.ztunnel.proxy.PodProxy;
import java.util.Map;
import java.util.Set;

/** What the operators' ports may ask of a running ztunnel. Any thread. */
public interface Node {
    /** What is not there yet; empty when ready. */
    Set<String> pending();

    MeshView view();

    /** Proxies of the pods by their uid. */
    Map<String, PodProxy> proxies();

    ZtunnelMetrics metrics();
}
