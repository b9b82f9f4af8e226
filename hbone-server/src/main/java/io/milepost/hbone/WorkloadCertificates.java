package io.milepost.hbone;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** Our key and certificate and the roots of the mesh; both may change at any time. */
public interface WorkloadCertificates extends AutoCloseable {
    /** The current state; the same instance until something changes. */
    Bundle current();

    /** Called on an arbitrary thread after {@link #current()} changed. */
    void onChange(Runnable listener);

    @Override
    void close();

    /**
     * @param chain leaf first
     * @param roots trusted CAs
     */
    record Bundle(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> roots) {
        public Bundle {
            chain = List.copyOf(chain);
            roots = List.copyOf(roots);
        }
    }
}
