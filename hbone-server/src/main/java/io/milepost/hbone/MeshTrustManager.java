package io.milepost.hbone;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** {@link MeshTrust} for the TLS engines of both ends. */
final class MeshTrustManager extends X509ExtendedTrustManager {
    private final MeshTrust trust;
    /** One context serves all targets; what is expected of the peer belongs to the handshake. */
    private final Map<SSLEngine, List<String>> expected = new ConcurrentHashMap<>();

    MeshTrustManager(MeshTrust trust) {
        this.trust = trust;
    }

    void expect(SSLEngine engine, List<String> identities) {
        expected.put(engine, identities);
    }

    void forget(SSLEngine engine) {
        expected.remove(engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        trust.checkClient(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        List<String> identities = expected.get(engine);
        if (identities == null) {
            throw new CertificateException("a handshake without a target");
        }
        trust.checkServer(chain, identities);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("sockets are not in use here");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw new CertificateException("sockets are not in use here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        trust.checkClient(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("a handshake without a target");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return trust.roots();
    }
}
