using System.Globalization;
using System.Net.Http.Headers;

namespace Link.Core.Etcd;

/// <summary>
/// A gRPC status, and what etcd's codes and messages mean (etcd api/v3rpc/rpctypes/error.go). A refusal before execution is told
/// from an unknown outcome here.
/// </summary>
internal readonly record struct GrpcStatus(int Code, string Message)
{
    private const string Prefix = "etcdserver: ";

    public static bool TryRead(HttpHeaders headers, out GrpcStatus status)
    {
        status = default;
        if (First(headers, "grpc-status") is not { } text || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int code))
            return false;
        status = new GrpcStatus(code, Uri.UnescapeDataString(First(headers, "grpc-message") ?? ""));
        return true;
    }

    public EtcdException ToException(string endpoint)
    {
        string reason = Message.StartsWith(Prefix, StringComparison.Ordinal) ? Message[Prefix.Length..] : Message;
        if (reason.Length == 0)
            reason = $"gRPC status {Code}";
        return new EtcdException(KindOf(reason), endpoint, reason, OutcomeIsUnknown(reason), Code);
    }

    /// <summary>A watch cancelled by the server tells why in words only ("rpc error: code = PermissionDenied desc = ...").</summary>
    public static EtcdException FromCancelReason(string endpoint, string reason)
    {
        int code =
            Has(reason, "permission denied") ? 7 :
            Has(reason, "invalid auth token") || Has(reason, "Unauthenticated") ? 16 :
            Has(reason, "user name is empty") || Has(reason, "auth store is old") ? 3 :
            Has(reason, "compacted") ? 11 : 14;
        int text = reason.LastIndexOf(Prefix, StringComparison.Ordinal);
        string message = text >= 0 ? reason[text..] : reason.Length > 0 ? reason : "watch cancelled by the server";
        return new GrpcStatus(code, message).ToException(endpoint);
    }

    private EtcdFailure KindOf(string reason) => Code switch
    {
        3 when Has(reason, "user name is empty") || Has(reason, "auth store is old") || Has(reason, "authentication failed") => EtcdFailure.Unauthenticated,
        3 => EtcdFailure.InvalidRequest,
        4 => EtcdFailure.Timeout,
        5 when Has(reason, "lease") => EtcdFailure.LeaseNotFound,
        7 => EtcdFailure.PermissionDenied,
        8 => EtcdFailure.ResourceExhausted,
        9 when Has(reason, "lease already exists") => EtcdFailure.LeaseExists,
        9 when Has(reason, "authentication is not enabled") => EtcdFailure.AuthenticationNotEnabled,
        9 when IsForAnotherMember(reason) => EtcdFailure.Unavailable,
        9 or 12 => EtcdFailure.InvalidRequest,
        11 when Has(reason, "compacted") => EtcdFailure.Compacted,
        11 => EtcdFailure.InvalidRequest,
        13 or 14 => EtcdFailure.Unavailable,
        15 => EtcdFailure.DataLoss,
        16 => EtcdFailure.Unauthenticated,
        _ => EtcdFailure.Unknown,
    };

    /// <summary>"no leader" comes from the interceptor that hasleader asks for, before the request is looked at.</summary>
    private bool OutcomeIsUnknown(string reason) => Code is 1 or 2 or 4 or 13 or 14 or 15 && !(Code == 14 && reason == "no leader");

    private static bool IsForAnotherMember(string reason) => Has(reason, "learner") || Has(reason, "not leader");

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.Ordinal);

    private static string? First(HttpHeaders headers, string name)
    {
        if (headers.NonValidated.TryGetValues(name, out HeaderStringValues values))
            foreach (string value in values)
                return value;
        return null;
    }
}
