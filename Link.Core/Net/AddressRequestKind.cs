namespace Link.Core.Net;

internal enum AddressRequestKind
{
    /// <summary>Put it there; EEXIST if it is.</summary>
    Add,

    /// <summary>Another lifetime for one that we know to be ours; puts it there if it is not.</summary>
    Refresh,
    Remove,
}
