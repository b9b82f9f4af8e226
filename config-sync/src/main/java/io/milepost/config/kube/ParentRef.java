package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.List;

/**
 * A parentRef as it was written.
 *
 * @param port 0 when it names none
 */
record ParentRef(int index, String group, String kind, String namespace, String name, String sectionName, int port) {
    /** Names a Service or ServiceEntry. */
    record ServiceKey(String kind, String namespace, String name) {
        static ServiceKey of(ServiceInfo s) {
            return new ServiceKey(s.kind(), s.namespace(), s.name());
        }

        // Written out for the reason given in Label.
        @Override
        public boolean equals(Object o) {
            return o instanceof ServiceKey k
                    && name.equals(k.name)
                    && namespace.equals(k.namespace)
                    && kind.equals(k.kind);
        }

        @Override
        public int hashCode() {
            return (kind.hashCode() * 31 + namespace.hashCode()) * 31 + name.hashCode();
        }
    }

    static List<ParentRef> read(Fields spec) {
        List<ParentRef> out = new ArrayList<>();
        int index = 0;
        for (Fields p : spec.list("parentRefs")) {
            out.add(new ParentRef(
                    index++,
                    p.text("group", ""),
                    p.text("kind", "Service"),
                    p.text("namespace", p.object().namespace()),
                    p.required("name"),
                    p.text("sectionName", ""),
                    p.integer("port", 0)));
        }
        return out;
    }

    boolean isService() {
        return kind.equals("Service") && (group.isEmpty() || group.equals("core"))
                || kind.equals("ServiceEntry") && group.equals("networking.istio.io");
    }

    ServiceKey key() {
        return new ServiceKey(isService() ? kind : group + "/" + kind, namespace, name);
    }

    String field() {
        return "spec.parentRefs[" + index + "]";
    }
}
