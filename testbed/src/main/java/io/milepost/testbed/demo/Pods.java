package io.milepost.testbed.demo;

import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The pods of a configuration that the demo can run. */
final class Pods {
    private Pods() {}

    /** All pods with an address, by name. Waypoints are no pods of the demo: it starts the one of the Gateway. */
    static List<Pod> of(MeshSnapshot snapshot) {
        List<Pod> pods = new ArrayList<>();
        for (Workload workload : snapshot.workloads().all()) {
            if (workload.uid().contains("/Pod/")
                    && workload.hbone()
                    && !workload.addresses().isEmpty()) {
                String revision = workload.canonicalRevision();
                pods.add(new Pod(
                        workload.name(),
                        workload.canonicalName(),
                        revision.equals("latest") ? "" : revision,
                        workload.identity(),
                        workload.addresses().getFirst().toInetAddress()));
            }
        }
        pods.sort(Comparator.comparing(Pod::name));
        return List.copyOf(pods);
    }

    static Pod byApp(List<Pod> pods, String app) {
        for (Pod pod : pods) {
            if (pod.app().equals(app)) {
                return pod;
            }
        }
        throw new DemoException(
                "the configuration has no pod with the label app=" + app
                        + ", which the tour needs: run the demo with examples/bookinfo, or copy its Deployments to your directory");
    }
}
