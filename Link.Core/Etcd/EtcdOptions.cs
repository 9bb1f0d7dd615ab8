using System.Text;

namespace Link.Core.Etcd;

/// <summary>How to reach etcd. Its text never holds the password.</summary>
internal sealed partial record EtcdOptions
{
    /// <summary>The members, as scheme://host:port without user or path. At least one.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>The user of etcd's own authentication; null for none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>PEM file with the client's certificate, leaf first, and optionally its intermediates. Goes with <see cref="KeyFile"/>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with the unencrypted private key of the client's certificate.</summary>
    public string? KeyFile { get; init; }

    /// <summary>PEM file with the only roots that are trusted; null for the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Deadline of a call with all its retries. Default 2 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Deadline of the TCP and TLS handshakes. Default 1 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>scheme://host:port, for messages.</summary>
    public static string NameOf(Uri endpoint) => endpoint.GetComponents(UriComponents.Scheme | UriComponents.StrongAuthority & ~UriComponents.UserInfo, UriFormat.UriEscaped);

    private bool PrintMembers(StringBuilder text)
    {
        text.Append("Endpoints = ").AppendJoin(',', Endpoints.Select(NameOf))
            .Append(", User = ").Append(User)
            .Append(", Password = ").Append(Password is null ? "" : "***")
            .Append(", CertificateFile = ").Append(CertificateFile)
            .Append(", KeyFile = ").Append(KeyFile)
            .Append(", CaFile = ").Append(CaFile)
            .Append(", RequestTimeout = ").Append(RequestTimeout)
            .Append(", ConnectTimeout = ").Append(ConnectTimeout);
        return true;
    }
}
