"""FID's Inception (the graph of 2015-12-05) and DINOv2 in plain PyTorch: what `fid` is timed against. Names are those of the published files."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BN_EPS = 1e-3
LN_EPS = 1e-6
OFFSET = 0.1  # DINOv2's, added to the new side of the position table
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Conv(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, cin: int, cout: int, size: int | tuple[int, int] = 1, stride: int = 1, pad: bool = True):
        super().__init__()
        size = (size, size) if isinstance(size, int) else size
        padding = tuple(n // 2 for n in size) if pad else 0
        self.conv = nn.Conv2d(cin, cout, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(cout, eps=BN_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def halving(cin: int, cout: int) -> Conv:
    return Conv(cin, cout, 3, stride=2, pad=False)


def average(x: Tensor) -> Tensor:
    # Averages do not count the padding.
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def maximum(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 1, 1)


class Stage(nn.Module):
    """Branches of one input, each a chain of named convolutions, concatenated; a chain may end in a fork of several."""

    def __init__(self, chains: list[list[str]], pool_last=None, halves: bool = False, **convs: Conv):
        super().__init__()
        for name, conv in convs.items():
            self.add_module(name, conv)
        self.chains, self.pool_last, self.halves = chains, pool_last, halves

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for i, chain in enumerate(self.chains):
            y = self.pool_last(x) if self.pool_last is not None and i == len(self.chains) - 1 else x
            for name in chain:
                parts = name.split("+")
                ys = [getattr(self, part)(y) for part in parts]
                y = ys[0] if len(ys) == 1 else torch.cat(ys, 1)
            outputs.append(y)
        if self.halves:
            outputs.append(F.max_pool2d(x, 3, 2))
        return torch.cat(outputs, 1)


def block_a(cin: int, pooled: int) -> Stage:
    return Stage(
        [["branch1x1"], ["branch5x5_1", "branch5x5_2"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"], ["branch_pool"]],
        average,
        branch1x1=Conv(cin, 64),
        branch5x5_1=Conv(cin, 48),
        branch5x5_2=Conv(48, 64, 5),
        branch3x3dbl_1=Conv(cin, 64),
        branch3x3dbl_2=Conv(64, 96, 3),
        branch3x3dbl_3=Conv(96, 96, 3),
        branch_pool=Conv(cin, pooled),
    )


def block_b(cin: int) -> Stage:
    return Stage(
        [["branch3x3"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]],
        halves=True,
        branch3x3=halving(cin, 384),
        branch3x3dbl_1=Conv(cin, 64),
        branch3x3dbl_2=Conv(64, 96, 3),
        branch3x3dbl_3=halving(96, 96),
    )


def block_c(c: int) -> Stage:
    wide, tall = (1, 7), (7, 1)
    seven = [f"branch7x7_{i}" for i in (1, 2, 3)]
    double = [f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)]
    return Stage(
        [["branch1x1"], seven, double, ["branch_pool"]],
        average,
        branch1x1=Conv(768, 192),
        branch7x7_1=Conv(768, c),
        branch7x7_2=Conv(c, c, wide),
        branch7x7_3=Conv(c, 192, tall),
        branch7x7dbl_1=Conv(768, c),
        branch7x7dbl_2=Conv(c, c, tall),
        branch7x7dbl_3=Conv(c, c, wide),
        branch7x7dbl_4=Conv(c, c, tall),
        branch7x7dbl_5=Conv(c, 192, wide),
        branch_pool=Conv(768, 192),
    )


def block_d() -> Stage:
    return Stage(
        [["branch3x3_1", "branch3x3_2"], [f"branch7x7x3_{i}" for i in (1, 2, 3, 4)]],
        halves=True,
        branch3x3_1=Conv(768, 192),
        branch3x3_2=halving(192, 320),
        branch7x7x3_1=Conv(768, 192),
        branch7x7x3_2=Conv(192, 192, (1, 7)),
        branch7x7x3_3=Conv(192, 192, (7, 1)),
        branch7x7x3_4=halving(192, 192),
    )


def block_e(cin: int, pool) -> Stage:
    wide, tall = (1, 3), (3, 1)
    return Stage(
        [
            ["branch1x1"],
            ["branch3x3_1", "branch3x3_2a+branch3x3_2b"],
            ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a+branch3x3dbl_3b"],
            ["branch_pool"],
        ],
        pool,
        branch1x1=Conv(cin, 320),
        branch3x3_1=Conv(cin, 384),
        branch3x3_2a=Conv(384, 384, wide),
        branch3x3_2b=Conv(384, 384, tall),
        branch3x3dbl_1=Conv(cin, 448),
        branch3x3dbl_2=Conv(448, 384, 3),
        branch3x3dbl_3a=Conv(384, 384, wide),
        branch3x3dbl_3b=Conv(384, 384, tall),
        branch_pool=Conv(cin, 192),
    )


class Inception(nn.Module):
    """Pixels `[N, 299, 299, 3]`, 0…255, to `[N, 2048]`."""

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = halving(3, 32)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, pad=False)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, pad=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(192, 32), block_a(256, 64), block_a(288, 64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (block_c(c) for c in (128, 160, 160, 192))
        self.Mixed_7a = block_d()
        self.Mixed_7b, self.Mixed_7c = block_e(1280, average), block_e(2048, maximum)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, images: Tensor) -> Tensor:
        x = (images.permute(0, 3, 1, 2) - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name, stage in self.named_children():
            if name.startswith("Mixed"):
                x = stage(x)
        pool = x.mean((2, 3))
        self.fc(pool)  # ours makes the logits' way too
        return pool


class Scale(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dim = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=LN_EPS), nn.LayerNorm(dim, eps=LN_EPS)
        self.attn, self.mlp, self.ls1, self.ls2 = Attention(dim, heads), Mlp(dim), Scale(dim), Scale(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 14, 14)


class Dinov2(nn.Module):
    """Pixels `[N, 224, 224, 3]`, 0…255, to the class token `[N, dim]`."""

    def __init__(self, dim: int, depth: int, heads: int, table: int = 37):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, table * table + 1, dim))
        self.mask_token = nn.Parameter(torch.zeros(1, dim))
        self.patch_embed = PatchEmbed(dim)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=LN_EPS)
        self.table, self.positions = table, None

    def forward(self, images: Tensor) -> Tensor:
        x = (images / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
        x = self.patch_embed.proj(x.permute(0, 3, 1, 2).contiguous())
        n, dim, grid, _ = x.shape
        if self.positions is None:  # once, as constants are folded once on our side
            patches = self.pos_embed[:, 1:].reshape(1, self.table, self.table, dim).permute(0, 3, 1, 2)
            scale = (grid + OFFSET) / self.table
            patches = F.interpolate(patches, scale_factor=(scale, scale), mode="bicubic")
            self.positions = torch.cat([self.pos_embed[:, :1], patches.flatten(2).transpose(1, 2)], 1)
        x = torch.cat([self.cls_token.expand(n, -1, -1), x.flatten(2).transpose(1, 2)], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.norm(x[:, 0])


def load(net: str, shape: dict | None, weights: str) -> nn.Module:
    """The network of that name with a file's weights; every name must fit."""
    from safetensors.torch import load_file

    # Inception is a quarter quicker in channels-last than in NCHW.
    model = Inception().to(memory_format=torch.channels_last) if net == "inception" else Dinov2(**shape)
    model.load_state_dict(load_file(weights))
    return model.eval()
