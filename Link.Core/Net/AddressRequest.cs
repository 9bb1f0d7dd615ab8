namespace Link.Core.Net;

/// <summary>One change to ask of the kernel.</summary>
internal readonly record struct AddressRequest(AddressRequestKind Kind, NetworkLink Link, VirtualAddress Address, int? LifetimeSeconds = null)
{
    public override string ToString() => Kind switch
    {
        AddressRequestKind.Remove => $"remove {Address} from {Link.Name}",
        AddressRequestKind.Refresh => $"renew {Address} on {Link.Name}",
        _ => $"add {Address} to {Link.Name}",
    };
}
