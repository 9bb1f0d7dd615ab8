using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Link.Core.Files;

namespace Link.Core.Api.Tls;

/// <summary>
/// The certificate that the API shows, and the authority of its clients' certificates. Looked at again when a connection comes, once a second at the
/// most. What cannot be used is said once, and what was read before stays in use.
/// </summary>
internal sealed class ServerCertificate
{
    private static readonly TimeSpan s_checkInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_expiresSoon = TimeSpan.FromDays(14);

    private readonly string _certificateFile;
    private readonly CertificateFiles _files;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception?> _log;
    private readonly Lock _gate = new();
    private long _checkedAt;
    private string? _saidFault;
    private LoadedCertificates? _judged;
    private bool _saidSoon;
    private bool _saidExpired;

    /// <param name="certificateFile">PEM: the certificate first, then intermediates.</param>
    /// <param name="keyFile">PEM: its unencrypted key.</param>
    /// <param name="clientCaFile">PEM: who signs the certificates that clients must show; null: they need none.</param>
    /// <param name="time">For expiry and the second between two looks.</param>
    /// <param name="log">Takes one line.</param>
    public ServerCertificate(string certificateFile, string keyFile, string? clientCaFile, TimeProvider time, Action<string, Exception?> log)
    {
        _certificateFile = certificateFile;
        _files = new CertificateFiles(certificateFile, keyFile, clientCaFile);
        _time = time;
        _log = log;
    }

    /// <summary>Reads the files now. Null, or what is wrong with which file; once there is something to go on with, the log says it too.</summary>
    public string? Refresh()
    {
        lock (_gate)
        {
            _saidFault = null;
            return Check();
        }
    }

    /// <summary>How to answer a connection that comes now.</summary>
    public SslServerAuthenticationOptions CreateOptions()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_checkedAt) >= s_checkInterval)
            {
                Check();
            }
        }

        LoadedCertificates certificates = _files.Current ?? throw new InvalidOperationException("The certificate was not read at the start.");
        bool asksClients = _files.CaFile is not null;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificates.Own,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            ClientCertificateRequired = asksClients,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = certificates.CreateChainPolicy(),
            RemoteCertificateValidationCallback = (_, _, _, errors) => !asksClients || errors == SslPolicyErrors.None,
            AllowRenegotiation = false,
        };
    }

    private string? Check()
    {
        _checkedAt = _time.GetTimestamp();
        string? fault = _files.Refresh();
        if (fault is not null && fault != _saidFault && _files.Current is not null)
        {
            _log($"api: {fault}; what was read before stays in use", null);
        }

        _saidFault = fault;
        WarnOfExpiry();
        return fault;
    }

    private void WarnOfExpiry()
    {
        if (_files.Current is not { Own.TargetCertificate: { } certificate } loaded)
        {
            return;
        }

        if (_judged != loaded)
        {
            (_judged, _saidSoon, _saidExpired) = (loaded, false, false);
        }

        TimeSpan left = certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;
        string end = certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (left <= TimeSpan.Zero && !_saidExpired)
        {
            (_saidSoon, _saidExpired) = (true, true);
            _log($"api: certificate file {_certificateFile}: expired at {end}; clients refuse it: renew it", null);
        }
        else if (left <= s_expiresSoon && !_saidSoon)
        {
            _saidSoon = true;
            _log($"api: certificate file {_certificateFile}: expires at {end}: renew it", null);
        }
    }
}
